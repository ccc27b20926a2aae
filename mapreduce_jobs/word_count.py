"""Count words: ``"WORD" TAB COUNT``, a line a word."""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from mapreduce_jobs.core.inputs.assignment import assign_texts
from mapreduce_jobs.core.inputs.splits import text_blocks
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.jobs.job import Job
from mapreduce_jobs.core.jobs.previous_results import (
    add_merge_into,
    check_not_overwritten,
    previous_counts,
)
from mapreduce_jobs.core.results.protocols import CountLineProtocol
from mapreduce_jobs.core.runners.mrjob_compat import BytesValueProtocol

_MAX_WORDS = 500_000  # distinct words that a map task holds
_HADOOP_WORD = re.compile(rb"[^ \t\n\r\f]+")


class WordCount(Job):
    """Count the words of texts. A word is what whitespace separates, as in Hadoop's own example."""

    INPUT_PROTOCOL = BytesValueProtocol
    INTERNAL_PROTOCOL = CountLineProtocol

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--normalise",
            action="store_true",
            help="count Unicode words (letters, marks, digits), whatever their case",
        )
        add_merge_into(self.add_passthru_arg)

    def load_args(self, args: list[str]) -> None:
        """Check that the previous result is not overwritten."""
        super().load_args(args)
        if not self.is_task() and self.options.merge_into is not None:
            check_not_overwritten(self.options.merge_into)

    @classmethod
    def is_incremental(cls) -> bool:
        """Return True: counts are sums, which a previous result can be merged into."""
        return True

    def previous_lines(self) -> Iterator[bytes]:
        """Iterate over the lines of the result that ``--merge-into`` names."""
        if self.options.merge_into is None:
            return iter(())
        return previous_counts(self.options.merge_into)

    def pass_through(self, word: str, count: int) -> Iterator[tuple[bytes, int]]:
        """Hand on a word and how often it was counted."""
        yield word.encode(), count

    def mapper_init(self) -> None:
        """Begin to count."""
        self._counts: Counter[bytes] = Counter()
        self._pattern = _unicode_word() if self.options.normalise else None

    def mapper(self, _: None, text: bytes) -> Iterator[tuple[bytes, int]]:
        """Count the words of a block of text; hand counts on when there are many words."""
        if self._pattern is not None:
            self._counts.update(self._normalised(text))
        elif b"\v" in text:  # the one ASCII space that does not separate words to Hadoop
            self._counts.update(_HADOOP_WORD.findall(text))
        else:
            self._counts.update(text.split())
        if len(self._counts) > _MAX_WORDS:
            yield from self.mapper_final()

    def mapper_final(self) -> Iterator[tuple[bytes, int]]:
        """Hand the counts on; bytes that are not UTF-8 become U+FFFD, as in Java."""
        for word, count in self._counts.items():
            yield word.decode("utf-8", "replace").encode(), count
        self._counts.clear()

    def combiner(self, word: bytes, counts: Iterable[int]) -> Iterator[tuple[bytes, int]]:
        """Add up what one map task counted."""
        yield word, sum(counts)

    def reducer(self, word: bytes, counts: Iterable[int]) -> Iterator[tuple[str, int]]:
        """Add up what all tasks counted."""
        yield word.decode(), sum(counts)

    def _normalised(self, text: bytes) -> Iterator[bytes]:
        composed = unicodedata.normalize("NFC", text.decode("utf-8", "replace"))
        folded = unicodedata.normalize("NFC", composed.casefold())
        assert self._pattern is not None  # noqa: S101
        return (match[0].encode() for match in self._pattern.finditer(folded))

    def assign(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Assign texts to map tasks."""
        assign_texts(inputs, stdin, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over blocks of text that cut no word."""
        return text_blocks(self.stdin, spans)


def _unicode_word() -> re.Pattern[str]:
    r"""Return the pattern of letters and digits with their marks, which ``\w`` leaves out."""
    marks = (c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c)[0] == "M")
    return re.compile(rf"[^\W_][\w{''.join(marks)}]*")


if __name__ == "__main__":
    WordCount.run()
