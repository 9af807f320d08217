"""XML that came from somebody else: no document types, no entities, no depth that an instrument has no use for."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from xrdlib.data.readers.raw import CurveFormatError

__all__ = ["parse_xml"]

_DEEPEST = 50


def parse_xml(raw: bytes) -> Element:
    """Root of a document, its tags without namespaces.

    A document type is refused: entities that swell to gigabytes or fetch other files need one, XRDML does not.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise CurveFormatError(f"XML nested deeper than {_DEEPEST} levels; not an instrument's file")
        builder.start(_local(tag), {_local(name): value for name, value in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(tag))

    def refuse(*_: object) -> None:
        raise CurveFormatError("a document type or entities in the XML; no instrument writes them, remove them")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
        return builder.close()
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise CurveFormatError(
            f"line {error.lineno}: truncated or damaged XML ({what}); export the scan again"
        ) from None
    except (ValueError, LookupError) as error:
        if isinstance(error, CurveFormatError):
            raise
        raise CurveFormatError(f"damaged XML ({error}); export the scan again") from None


def _local(name: str) -> str:
    return name.rpartition("}")[2]
