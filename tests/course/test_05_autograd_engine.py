"""What lesson 05 adds to the helpers: graphs of numbers, their layout and picture, and evidence about them."""

import matplotlib as mpl
import pytest
import torch

mpl.use("Agg")
import matplotlib.pyplot as plt
from conftest import ROOT

from helper import graphs, plot
from helper.checking.given import Given
from helper.graphs import Node, visiting_order
from helper.graphs.layout import layered
from helper.judging.compare import compare
from helper.judging.evidence import Evidence, Failure, numbers_of, plain
from helper.judging.judge import judge
from helper.judging.key import CheckKey, Expectation
from helper.judging.verdict import NOT_YET
from helper.lessons.lesson import read
from helper.lessons.stage import Stage


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def engine():
    """Return what the lesson's reference answers define."""
    lesson = read(ROOT / "solutions", "05_autograd_engine")
    space = dict(Stage(lesson)._setup)
    for cell in lesson.exercises.values():
        exec(cell.source, space)
    return space


def torch_gradients(expression):
    """Return the gradient of the last result with respect to each result, by PyTorch."""
    results = expression.evaluate(
        lambda number: torch.tensor(number, dtype=torch.float64, requires_grad=True)
    )
    for result in results.values():
        result.retain_grad()
    list(results.values())[-1].backward()
    return {name: result.grad.item() for name, result in results.items()}


def diamond():
    """Return d = b·c with b and c both made from a, as (a, b, c, d)."""
    a = Node(2.0, label="a")
    b, c = Node(6.0, (a,), (3.0,), "b"), Node(10.0, (a,), (5.0,), "c")
    return a, b, c, Node(60.0, (b, c), (10.0, 6.0), "d")


@pytest.mark.parametrize("seed", [f"seed {number}" for number in range(20)])
def test_the_lessons_engine_agrees_with_pytorch_on_random_expressions(engine, seed):
    expression = graphs.random_expression(Given(seed, "expression"))
    results = expression.evaluate(engine["Value"])
    engine["backward"](list(results.values())[-1])
    assert {name: node.grad for name, node in results.items()} == pytest.approx(torch_gradients(expression))


@pytest.mark.parametrize("seed", [f"seed {number}" for number in range(20)])
def test_three_ways_to_a_gradient_agree_with_pytorch(seed):
    expression = graphs.random_expression(Given(seed, "expression"))
    nodes, expected = expression.nodes(), torch_gradients(expression)
    root = list(nodes.values())[-1]
    assert {name: graphs.derivative(root, node) for name, node in nodes.items()} == pytest.approx(expected)
    graphs.sweep(visiting_order(root))
    assert {name: node.grad for name, node in nodes.items()} == pytest.approx(expected)


@pytest.mark.parametrize("function", ["tanh", "exp", "relu"])
def test_the_lessons_functions_agree_with_pytorch(engine, function):
    for number in (-1.3, 0.0, 0.7, 30.0):
        x = Node(number)
        leaf = torch.tensor(number, dtype=torch.float64, requires_grad=True)
        result = getattr(torch, function)(leaf)
        result.backward()
        shown = graphs.shown(engine[function](x), x=x)
        assert shown["value"] == pytest.approx(result.item())
        assert shown["slope by `x`"] == pytest.approx(leaf.grad.item())


def test_every_random_expression_uses_every_operation_and_lets_paths_meet():
    for number in range(50):
        expression = graphs.random_expression(Given(str(number), "expression"))
        assert {sign for sign, _, _ in expression.steps} == {"+", "-", "*", "**", "neg"}
        nodes = expression.nodes()
        used = [parent for node in nodes.values() for parent in node.parents]
        assert len(used) > len(set(used)), "no node is used twice"
        assert len(visiting_order(list(nodes.values())[-1])) == len(nodes), "a result leads nowhere"


def test_the_visiting_order_is_complete_and_never_comes_to_a_parent_too_early():
    for number in range(20):
        nodes = graphs.random_graph(Given(str(number), "graph"))
        order = visiting_order(nodes["i"])
        assert set(order) == set(nodes.values())
        assert len(order) == len(nodes)
        assert all(order.index(node) < order.index(parent) for node in order for parent in node.parents)


def test_a_long_chain_is_visited_without_recursion():
    chain = graphs.long_chain(Given("seed", "chain"), 5000)
    assert visiting_order(chain[-1]) == chain[::-1]


@pytest.mark.parametrize("walk", ["deep, left first", "deep, right first", "level by level"])
def test_no_hasty_walk_finds_an_order_for_the_shortcuts(walk):
    root = graphs.shortcut_graph(Given("seed", "shortcuts"))["h"]
    order, waiting = [], [root]
    while waiting:
        node = waiting.pop(0 if walk == "level by level" else -1)
        if node not in order:
            order.append(node)
            waiting.extend(node.parents if walk != "deep, left first" else reversed(node.parents))
    fault = graphs.judged_order(lambda _: order[::-1], root)
    assert "stands before its parent" in fault


def test_every_valid_order_gives_the_same_number():
    a, b, c, d = diamond()
    assert graphs.judged_order(lambda _: [a, b, c, d], d) == graphs.judged_order(lambda _: (a, c, b, d), d)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([0, 1, 2], "without `d`"),
        ([0, 1, 1, 2, 3], "with `b` in it twice"),
        ([3, 2, 1, 0], "begins with the root"),
        ([1, 0, 2, 3], "`b` stands before its parent `a`"),
    ],
)
def test_the_first_fault_of_an_order_is_named(places, words):
    nodes = diamond()
    assert words in graphs.judged_order(lambda root: [nodes[place] for place in places], nodes[3])


def test_what_is_no_order_is_named_too():
    root = diamond()[3]
    assert graphs.judged_order(lambda root: None, root) is None
    assert "an int and not a list" in graphs.judged_order(lambda root: 3, root)
    assert "a float in it" in graphs.judged_order(lambda root: [root.data], root)

    def endless(root):
        return endless(root)

    assert "called itself" in graphs.judged_order(endless, root)
    assert "called itself" in graphs.gradients_after(endless, root, d=root)


def test_a_plain_number_in_place_of_a_node_is_named():
    assert "a float and not a node" in graphs.shown(1.5)
    assert graphs.shown(None) is None


@pytest.mark.parametrize(
    ("parents", "slopes", "words"),
    [
        ({Node(1.0)}, (1.0,), "parents is a set"),
        ((Node(1.0), Node(2.0)), (1.0,), "one slope per parent"),
        (Node(1.0), (1.0,), "a comma"),
        ((3.0,), (1.0,), "has no data and no grad and no parents and no slopes"),
    ],
)
def test_a_graph_that_cannot_be_read_says_why(parents, slopes, words):
    with pytest.raises(TypeError, match=words):
        visiting_order(Node(0.0, parents, slopes))


def test_a_picture_keeps_arrows_going_right_and_nodes_apart():
    for number in range(10):
        root = graphs.random_graph(Given(str(number), "graph"))["i"]
        layout = layered(root)
        points = [*layout.nodes.values(), *(bend for bends in layout.bends.values() for bend in bends)]
        assert len(set(points)) == len(points)
        for node in visiting_order(root):
            for place, parent in enumerate(node.parents):
                way = [layout.nodes[id(parent)], *layout.bends[id(node), place], layout.nodes[id(node)]]
                columns = [column for column, _ in way]
                assert columns == list(range(int(columns[0]), int(columns[-1]) + 1))


def test_the_picture_shows_names_numbers_slopes_and_turns_and_changes_no_gradient():
    a, b, c, d = diamond()
    a.grad = 7.0
    texts = [text.get_text() for text in plot.graph(d, start=a).texts]
    assert "start  a" in texts
    assert {"60", "grad 7", "10", "6", "3", "5"} <= set(texts)
    assert [texts.count(turn) for turn in ("1", "4")] == [1, 1]
    assert [node.grad for node in (a, b, c, d)] == [7.0, 0.0, 0.0, 0.0]


def test_the_turns_can_be_left_out_or_given():
    a, *_, d = diamond()
    assert "1" not in [text.get_text() for text in plot.graph(d, order=()).texts]
    assert "1" in [text.get_text() for text in plot.graph(d, order=[a]).texts]


def test_a_graph_too_large_to_read_is_refused():
    with pytest.raises(ValueError, match="at most 40"):
        plot.graph(graphs.long_chain(Given("seed", "chain"), 41)[-1])


def test_the_first_entry_that_differs_is_named():
    expected, got = (
        plain({"1 (e)": 1.0, "2 (d)": 2.0, "3 (a)": 3.0}),
        plain({"1 (e)": 1.0, "2 (d)": 2.5, "3 (a)": 9.0}),
    )
    assert compare(expected, got).text.startswith("The first that differs is `2 (d)`.")


def test_the_numbers_of_a_dictionary_are_those_of_its_entries():
    assert numbers_of(plain({"a": 1.0, "b": torch.tensor([2.0, 3.0])})) == [1.0, 2.0, 3.0]
    assert numbers_of(plain({"a": 1.0, "b": "text"})) is None


def test_an_answer_written_in_part_is_not_called_unattempted():
    expectations = tuple(Expectation(name, 1.0, plain(1.0), 1e-4) for name in ("a sum", "a product"))
    key = CheckKey("Value", 2.0, expectations, (), (), ())
    verdict = judge(Evidence({"a sum": plain(1.0)}, Failure("NotImplementedError", "")), key, "salt")
    assert (verdict.verdict, verdict.points) == (NOT_YET, 1.0)
