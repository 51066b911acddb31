from __future__ import annotations

from edgesmith.reporting.drawing import Axis, Frame
from edgesmith.reporting.placing import free_box, led_box

AXIS = Axis(label="", low=0.0, high=1.0)
FRAME = Frame(x=AXIS, y=AXIS, left=0.0, top=0.0, width=300.0, height=200.0)
EVERYWHERE = [(0.0, 0.0, 300.0, 200.0)]


def test_a_name_stands_beside_its_point() -> None:
    assert free_box(FRAME, (100, 100, 90, 110), 50, []) == (109, 93, 159, 107)
    assert led_box(FRAME, (100, 100), 50, []) == (110, 93, 160, 107)


def test_a_name_near_the_right_end_stands_on_the_left() -> None:
    box = led_box(FRAME, (280, 100), 50, [])

    assert box == (220, 93, 270, 107)


def test_a_name_keeps_out_of_what_is_taken() -> None:
    taken = [(100.0, 90.0, 300.0, 110.0), (0.0, 90.0, 100.0, 110.0)]

    box = led_box(FRAME, (100, 100), 50, taken)

    assert box is not None
    assert box[3] <= 90 or box[1] >= 110


def test_without_room_there_is_no_box() -> None:
    assert free_box(FRAME, (100, 100, 90, 110), 50, EVERYWHERE) is None
    assert led_box(FRAME, (100, 100), 50, EVERYWHERE) is None
