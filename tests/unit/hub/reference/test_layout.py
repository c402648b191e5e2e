"""The drawing of a machine: whatever the machine, nothing lies on top of anything else and every step is there."""

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from hub.reference import layout
from hub.reference.layout import START, Arrow, Box, Layout, Pill, Step

STATES = [f"state-{number}" for number in range(9)]
FINAL = frozenset(STATES[-2:])

steps_of_any_machine = st.lists(
    st.tuples(
        st.frozensets(st.sampled_from(STATES), max_size=5),
        st.none() | st.sampled_from(STATES),
    ).filter(lambda step: step[0] or step[1]),
    max_size=14,
).map(lambda pairs: [Step(f"t{number}", *pair) for number, pair in enumerate(pairs)])

Rectangle = tuple[float, float, float, float]
Segment = tuple[tuple[float, float], tuple[float, float]]


def lay_out(steps: list[Step]) -> Layout:
    return layout.lay_out(layout.order_states(STATES, FINAL, steps), steps)


def rectangle(thing: Box | Pill) -> Rectangle:
    if isinstance(thing, Box) and thing.state == START:
        middle = thing.x + thing.width / 2
        return middle - 9, thing.y, middle + 9, thing.y + thing.height
    return thing.x, thing.y, thing.x + thing.width, thing.y + thing.height


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def segments(arrow: Arrow) -> Iterator[Segment]:
    yield from zip(arrow.path, arrow.path[1:], strict=False)
    yield from arrow.stubs


def thin(segment: Segment) -> Rectangle:
    """The segment without its two ends, which touch what they join."""
    (x1, y1), (x2, y2) = segment
    left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    return left + 0.1 * (right > left), top + 0.1 * (bottom > top), right - 0.1 * (right > left), bottom


def passes_through(segment: Segment, thing: Rectangle) -> bool:
    left, top, right, bottom = thin(segment)
    return (
        left < thing[2]
        and thing[0] < right + 0.01
        and top < thing[3]
        and thing[1] < bottom - 0.01 + 0.02 * (top == bottom)
    )


@given(steps_of_any_machine)
def test_boxes_and_labels_keep_apart(steps: list[Step]) -> None:
    found = lay_out(steps)
    things = [rectangle(each) for each in (*found.boxes, *(arrow.pill for arrow in found.arrows))]
    assert not [pair for pair in combinations(things, 2) if overlap(*pair)]


@given(steps_of_any_machine)
def test_no_arrow_passes_through_a_box_or_the_label_of_another(steps: list[Step]) -> None:
    found = lay_out(steps)
    for arrow in found.arrows:
        others = [rectangle(other.pill) for other in found.arrows if other is not arrow]
        for segment in segments(arrow):
            assert not [each for each in others if passes_through(segment, each)]
            assert not [box for box in found.boxes if box.state != START and passes_through(segment, rectangle(box))]


@given(steps_of_any_machine)
def test_no_two_arrows_run_on_top_of_each_other(steps: list[Step]) -> None:
    found = lay_out(steps)
    for one, other in combinations(found.arrows, 2):
        for first in segments(one):
            for second in segments(other):
                assert not _on_top(first, second)


def _on_top(first: Segment, second: Segment) -> bool:
    for axis in (0, 1):
        along = 1 - axis
        if len({point[axis] for point in (*first, *second)}) == 1:
            begins = max(min(first[0][along], first[1][along]), min(second[0][along], second[1][along]))
            ends = min(max(first[0][along], first[1][along]), max(second[0][along], second[1][along]))
            if ends - begins > 0.1:
                return True
    return False


@given(steps_of_any_machine)
def test_every_step_is_drawn_from_each_of_its_states(steps: list[Step]) -> None:
    found = lay_out(steps)
    boxes = {box.state: box for box in found.boxes}
    assert set(boxes) - {START} == set(STATES)
    for step in steps:
        arrows = [arrow for arrow in found.arrows if step.id in arrow.pill.text.split(", ")]
        leaving = step.sources - {step.target} if step.target else frozenset()
        begins = sum(1 + len(arrow.stubs) for arrow in arrows)
        assert begins == (len(leaving) if step.sources else 1)
        for state in step.sources - leaving:
            assert step.id in " ".join(boxes[state].stays).replace("↻", "").replace(",", " ").split()


@given(steps_of_any_machine)
def test_everything_lies_within_the_picture(steps: list[Step]) -> None:
    found = lay_out(steps)
    points = [point for arrow in found.arrows for segment in segments(arrow) for point in segment]
    assert all(0 <= x <= found.width and 0 <= y <= found.height for x, y in points)


def test_states_stand_in_the_order_in_which_a_case_reaches_them_and_ends_come_last() -> None:
    steps = [
        Step("a", frozenset(), "begun"),
        Step("b", frozenset({"begun"}), "refused"),
        Step("c", frozenset({"begun"}), "going on"),
        Step("d", frozenset({"going on"}), "done"),
    ]
    order = layout.order_states(
        ["never", "done", "going on", "begun", "refused"], frozenset({"refused", "done"}), steps
    )
    assert order == [START, "begun", "going on", "never", "refused", "done"]


def test_steps_between_the_same_states_share_an_arrow() -> None:
    steps = [Step("a", frozenset({"one"}), "two"), Step("b", frozenset({"one"}), "two")]
    assert [arrow.pill.text for arrow in layout.lay_out(["one", "two"], steps).arrows] == ["a, b"]
