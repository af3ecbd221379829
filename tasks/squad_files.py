"""Files in the form of SQuAD v1.1: one JSON object of articles, their paragraphs, and the questions about each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def is_squad(content: Any) -> bool:
    """Whether a JSON object is of this form."""
    articles = content.get("data") if isinstance(content, dict) else None
    return isinstance(articles, list) and all(isinstance(one, dict) and "paragraphs" in one for one in articles)


def questions(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A record a question: id, title, question, context, answer and answer_start, both lists, each answer once.

    ValueError where a part is missing.
    """
    try:
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                for one in paragraph["qas"]:
                    spans = dict.fromkeys((answer["text"], answer["answer_start"]) for answer in one["answers"])
                    yield {
                        "id": str(one["id"]),
                        "title": article.get("title"),
                        "question": one["question"],
                        "context": paragraph["context"],
                        "answer": [text for text, _ in spans],
                        "answer_start": [start for _, start in spans],
                    }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has the form of SQuAD, but lacks {error}") from error
