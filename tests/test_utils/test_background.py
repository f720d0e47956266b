"""Work in a thread: in order, not too far ahead, and it ends."""

import contextlib
import threading

import pytest

from multimodal_rs.utils.background import in_background


def test_results_come_in_order_from_one_other_thread():
    threads = []

    def work(item):
        threads.append(threading.get_ident())
        return item**2

    assert list(in_background(work, range(9))) == [i**2 for i in range(9)]
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_only_some_items_wait():
    drawn = []
    results = in_background(str, (drawn.append(i) or i for i in range(9)), 2)
    assert drawn == []
    assert next(results) == '0' and drawn == [0, 1, 2]
    assert next(results) == '1' and drawn == [0, 1, 2, 3]
    results.close()
    assert drawn == [0, 1, 2, 3]


def test_context_belongs_to_the_thread_and_is_left():
    entered = []

    @contextlib.contextmanager
    def held():
        entered.append(threading.get_ident())
        yield
        entered.append(threading.get_ident())

    def work(item):
        assert entered == [threading.get_ident()]
        if item == 2:
            raise KeyError('two')
        return item

    results = in_background(work, range(5), held=held)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(KeyError, match='two'):
        next(results)
    assert len(entered) == 2 and entered[0] == entered[1]
    assert list(results) == []


def test_items_that_fail_end_the_thread():
    def items():
        yield 1
        raise OSError('disk')

    before = threading.active_count()
    with pytest.raises(OSError, match='disk'):
        list(in_background(str, items()))
    assert threading.active_count() == before
