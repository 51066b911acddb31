"""How cases are run through converters: routes, judging, forks, journal, tables."""
