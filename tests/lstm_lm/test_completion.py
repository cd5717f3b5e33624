"""`lstm_lm complete` from a pipe and at a real (pseudo) terminal, keys and signals included."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from lstm_lm.commands.completion import Completion
from lstm_lm.config import SamplingConfig
from toktools.errors import ToktoolsError

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
READY = "\x1b[?2004h"  # bracketed paste is on: a line can be typed


def answer(completion, line):
    return "".join(completion.answer(line))


@pytest.fixture
def completion(trained):
    return Completion(trained, SamplingConfig(strategy="top-k", n_tokens=6))


def test_a_line_is_finished_after_its_likely_next_tokens(completion, trained):
    likely = "  ".join(
        f"{n.token} {n.probability:.1%}" for n in trained.next_tokens("one hundred", 5)
    )
    text = trained.generate("one hundred", strategy="top-k", n_tokens=6)
    assert answer(completion, "one hundred") == f"next: {likely}\n{text}\n"


def test_the_same_line_again_gives_another_text_and_the_seed_brings_the_first_back(completion):
    completion.config = SamplingConfig(strategy="sample", stop_on="8")
    first, second = answer(completion, "one"), answer(completion, "one")
    assert first != second
    answer(completion, ":seed 0")
    assert answer(completion, "one") == first


def test_settings_change_as_one_goes(completion, trained):
    assert answer(completion, ":strategy top-p 0.5").startswith("top-p, p = 0.5, ")
    assert "temperature 0.8" in answer(completion, ":temperature 0.8")
    assert "length 3" in answer(completion, ":length 3")
    answer(completion, ":next 0")
    settings = {"strategy": "top-p", "p": 0.5, "temperature": 0.8, "n_tokens": 3}
    assert answer(completion, "two") == trained.generate("two", **settings) + "\n"
    assert answer(completion, ":settings").count("top-p") == 1
    assert ":temperature" in answer(completion, ":help")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (":temprature 1", "did you mean 'temperature'"),
        (":temperature 0", "temperature must be > 0"),
        (":temperature hot", "a number is needed, got 'hot'"),
        (":length 0", "n_tokens must be >= 1"),
        (":length -3", "a whole number is needed, got '-3'"),
        (":strategy topp 0.9", "no strategy 'topp'; did you mean 'top-p'"),
        (":strategy argmax 3", "'argmax' takes no single number, got '3'"),
        (":strategy top-k+top-p 3", "takes no single number"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(completion, line, message):
    before = completion.config
    with pytest.raises(ToktoolsError, match=message):
        answer(completion, line)
    assert completion.config == before


def test_what_the_tokenizer_does_not_know_is_said(completion):
    assert answer(completion, "one wug").startswith(
        "note: in the prompt 'one wug' the tokenizer does not know 'wug'\n"
    )


def piped(run, text, *options):
    return subprocess.run(
        [sys.executable, "-m", "lstm_lm", "complete", str(run), *options],
        **{"input": text, "capture_output": True, "text": True, "env": ENVIRONMENT, "timeout": 60},
    )


def test_each_line_of_a_pipe_is_answered_and_nothing_else_is_printed(trained):
    done = piped(trained.path, "one\n:length 2\n:next 0\ntwo", "-s", "argmax", "-n", "4")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("next: ")
    assert lines[1] == trained.generate("one", n_tokens=4)
    assert lines[-1] == trained.generate("two", n_tokens=2)
    assert "\x1b" not in done.stdout


def test_quit_in_a_pipe_ends_it_and_a_mistake_fails(trained):
    done = piped(trained.path, ":quit\none\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = piped(trained.path, ":bad\none\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no command 'bad'")


class Terminal:
    """A process at a pseudo-terminal of its own: what it shows, and keys to press."""

    def __init__(self, *arguments):
        self._master, slave = pty.openpty()
        code = (  # opening it makes it the controlling terminal, so that Ctrl-C is a signal
            "import os, sys; os.close(os.open(os.ttyname(0), os.O_RDWR))\n"
            "from lstm_lm.cli import main; main(sys.argv[1:], prog_name='lstm_lm')"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            **{"stdin": slave, "stdout": slave, "stderr": slave},
            env=ENVIRONMENT,
            start_new_session=True,
        )
        os.close(slave)
        self.shown, self._read_to = "", 0

    def expect(self, text, seconds=40):
        """Wait until `text` is shown after what was expected before."""
        deadline = time.monotonic() + seconds
        while text not in self.shown[self._read_to :]:
            assert time.monotonic() < deadline, (text, self.shown[self._read_to :][-2000:])
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:  # it has ended
                    assert text in self.shown[self._read_to :], self.shown[self._read_to :]
        self._read_to = self.shown.index(text, self._read_to) + len(text)

    def press(self, keys):
        os.write(self._master, keys.encode())

    def ended(self):
        """Wait for the end and return the exit status."""
        try:
            return self._process.wait(timeout=30)
        finally:
            os.close(self._master)

    def kill(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


@pytest.fixture
def terminal(trained, tmp_path):
    opened = []

    def open_one(*options):
        arguments = ("complete", trained.path, "--history", tmp_path / "history", *options)
        opened.append(Terminal(*arguments))
        return opened[-1]

    yield open_one
    for one in opened:
        one.kill()


def test_at_a_terminal_texts_are_finished_settings_change_and_ctrl_d_leaves(
    terminal, trained, tmp_path
):
    one = terminal("-s", "argmax", "-n", 4)
    one.expect("or :help")
    one.expect(READY)
    one.press("one hundred\r")
    one.expect("next: ")
    one.expect(trained.generate("one hundred", n_tokens=4))
    one.expect(READY)
    one.press(":temperature 0\r")
    one.expect("error: temperature must be > 0")
    one.expect(READY)
    one.press(":length 2\r")
    one.expect("length 2")
    one.expect(READY)
    one.press(UP + UP + UP + "\r")  # back to the first line
    one.expect("next: ")
    one.expect(trained.generate("one hundred", n_tokens=2))
    one.expect(READY)
    one.press(CTRL_D)
    assert one.ended() == 0
    assert "+one hundred\n" in (tmp_path / "history").read_text()


def test_ctrl_c_stops_a_text_clears_a_line_and_never_the_session(terminal):
    one = terminal("-s", "sample", "--stop-on", 10**9, "--next", 0)
    one.expect(READY)
    one.press("one\r")
    one.expect("hundred")  # it is under way, and would not end
    one.press(CTRL_C)
    one.expect(READY)
    one.press("half a li" + CTRL_C)
    one.expect("(Ctrl-D leaves)")
    one.expect(READY)
    one.press(":quit\r")
    assert one.ended() == 0


def test_history_is_there_in_the_next_session(terminal):
    for keys in ("seven hundred\r", UP + "\r"):
        one = terminal("-s", "argmax", "-n", 1, "--next", 0)
        one.expect(READY)
        one.press(keys)
        one.expect("seven hundred")
        one.expect(READY)
        one.press(CTRL_D)
        assert one.ended() == 0
