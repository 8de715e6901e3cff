"""A webhook's news as it is stored beside its body, so that the body is parsed only once."""

from pydantic import TypeAdapter

from integrations.ticket import News

_NEWS: TypeAdapter[News] = TypeAdapter(News)


def news_as_json(news: News) -> bytes:
    return _NEWS.dump_json(news)


def news_of_json(stored: bytes) -> News:
    return _NEWS.validate_json(stored)
