"""Where logs end up in these tests: the final bytes."""

import io
import json


class Stream(io.BytesIO):
    def __init__(self, *, terminal=False):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal

    @property
    def lines(self):
        return self.getvalue().decode().split("\n")[:-1]

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]
