"""Hostile text made safe to show: Markdown to HTML by markdown-it, cleaned by nh3 against a list of what may stay.

Nothing is fetched: an image becomes its description. Headings start below the page's own.
"""

from collections.abc import Sequence
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

LONGEST = 200_000
HEADINGS_BEGIN_AT = 3

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "span",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
CLASSES = {"span": {"image"}}


class _Renderer(RendererHTML):
    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """An image is its description: showing it would tell its host who reads."""
        words = tokens[index].content or "image"
        return f'<span class="image">[{escape(words)}]</span>'

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"<h{_level(tokens[index])}>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return f"</h{_level(tokens[index])}>\n"


def _level(token: Token) -> int:
    return min(int(token.tag[1:]) + HEADINGS_BEGIN_AT - 1, 6)


_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    allowed_classes=CLASSES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def render_markdown(text: str) -> str:
    """Return HTML that may be put into a page as it is. Text beyond LONGEST characters is shown plainly."""
    if len(text) > LONGEST:
        return f"<pre>{escape(text)}</pre>"
    return str(_CLEANER.clean(_MARKDOWN.render(text)))
