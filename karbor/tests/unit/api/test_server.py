# SPDX-License-Identifier: Apache-2.0
import errno
import os
import socket
import threading

import pytest
import requests

from karbor.api import server


class App:
    """Answers when it is told to."""

    def __init__(self):
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, environ, start_response):
        if environ['PATH_INFO'] == '/slow':
            self.begun.set()
            self.go_on.wait(60)
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [str(os.getpid()).encode()]


@pytest.fixture
def app():
    return App()


@pytest.fixture
def http(app):
    """A server that runs; it is ended if a test did not."""
    made = server.Server(lambda: app, '127.0.0.1', 0, threads=2)
    made.start()
    yield made
    app.go_on.set()
    made.stop(graceful=False)
    made.wait()
    made.close()


def get(http, path='/'):
    return requests.get(f'http://127.0.0.1:{http.port}{path}', timeout=60)


def test_it_answers(http):
    assert get(http).text == str(os.getpid())


def test_no_answer_waits_for_an_acknowledgement():
    """What the server accepts has TCP_NODELAY, as what it listens on."""
    with server._listen('127.0.0.1', 0) as listener, \
            socket.create_connection(listener.getsockname()):
        accepted, _address = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP,
                                       socket.TCP_NODELAY)


def test_it_starts_again(http):
    http.stop()
    http.wait()
    http.reset()
    http.start()
    assert get(http).status_code == 200


def test_what_was_not_started_can_be_stopped():
    made = server.Server(App, '127.0.0.1', 0, threads=1)
    made.stop()
    made.wait()
    made.close()


def test_an_address_in_use_is_found_before_anything_starts(http):
    with pytest.raises(OSError, match='in use') as caught:
        server.Server(App, '127.0.0.1', http.port, threads=1)
    assert caught.value.errno == errno.EADDRINUSE


def test_a_request_that_runs_comes_to_its_end(http, app):
    answers = []
    client = threading.Thread(
        target=lambda: answers.append(get(http, '/slow')))
    client.start()
    assert app.begun.wait(60)
    stopper = threading.Thread(target=http.stop)
    stopper.start()
    # the loop that accepts has ended, while the request goes on
    http.wait()
    assert not answers
    app.go_on.set()
    client.join(60)
    stopper.join(60)
    assert answers[0].status_code == 200


def test_an_address_of_the_new_kind():
    if not socket.has_ipv6:
        pytest.skip('this Python knows no IPv6')
    try:
        made = server.Server(App, '::1', 0, threads=1)
    except OSError as error:
        pytest.skip(f'this host has no IPv6: {error}')
    made.start()
    try:
        answer = requests.get(f'http://[::1]:{made.port}/', timeout=60)
        assert answer.status_code == 200
    finally:
        made.stop()
        made.wait()
        made.close()


def test_several_processes_share_the_socket():
    made = server.Server(App, '127.0.0.1', 0, threads=1)
    children = []
    try:
        for _number in range(2):
            read, write = os.pipe()
            child = os.fork()
            if not child:
                # a worker; it must never come back into the test's code
                made.start()
                os.write(write, b'x')
                made.wait()
                os._exit(0)
            children.append(child)
            assert os.read(read, 1) == b'x'
            os.close(read)
            os.close(write)
        seen = {int(get(made).text) for _number in range(40)}
        assert seen <= set(children)
        # one of them alone answers for both
        os.kill(children[0], 9)
        os.waitpid(children.pop(0), 0)
        assert get(made).text == str(children[0])
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)
        made.close()


def test_what_cheroot_says_is_in_the_log(http, caplog):
    http._server.error_log('words', 40)
    assert 'words' in caplog.text
