"""Where the time of a bundle's artifacts goes, by Keras layer and by what is around the layers."""

from edgesmith.profiling.profiling import profile_bundle
from edgesmith.profiling.table import profile_table

__all__ = ["profile_bundle", "profile_table"]
