#!/usr/bin/env python3
"""Draws a screen of adtop, as tmux has it, as SVG on stdout:

    tmux capture-pane -t adtop -e -p | python3 docs/redraw.py dark > docs/overview.svg

docs/screens.sh does so for every screen of the demo.
"""
import html
import re
import sys

CELL, LINE, LEFT, TOP = 8.43, 18, 12.0, 26
INK, PAPER = ("#24292f", "#ffffff") if sys.argv[1:] == ["light"] else ("#c8ccd4", "#16181d")


def pieces(line):
    """Splits a line into texts with their colours: (column, text, style)."""
    style, column = {}, 0
    for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
        found = re.fullmatch(r"\x1b\[([0-9;:]*)m", part)
        if found:
            restyle(style, [int(n or 0) for n in re.split("[;:]", found.group(1))])
        elif part:
            yield column, part, dict(style)
            column += len(part)


def restyle(style, codes):
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.clear()
        elif code == 1:
            style["bold"] = True
        elif code == 7:
            style["reverse"] = True
        elif code in (22, 27):
            style.pop("bold" if code == 22 else "reverse", None)
        elif code in (38, 48) and codes[:1] == [2]:
            style["ink" if code == 38 else "paper"] = "#%02x%02x%02x" % tuple(codes[1:4])
            del codes[:4]
        elif code in (39, 49):
            style.pop("ink" if code == 39 else "paper", None)


def draw(lines):
    columns = max(len(re.sub(r"\x1b\[[0-9;:]*m", "", line)) for line in lines)
    width, height = round(2 * LEFT + CELL * columns), LINE * len(lines) + 60
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">')
    yield f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    for row, line in enumerate(lines):
        y = TOP + LINE * row
        for column, text, style in pieces(line):
            ink, paper = style.get("ink", INK), style.get("paper")
            if style.get("reverse"):
                ink, paper = paper or PAPER, ink
            x, wide = f"{LEFT + CELL * column:.1f}", f"{CELL * len(text):.1f}"
            if paper:
                yield f'<rect x="{x}" y="{y - 14}" width="{wide}" height="{LINE}" fill="{paper}"/>'
            if text.strip():
                bold = ' font-weight="bold"' if style.get("bold") else ""
                yield (f'<text x="{x}" y="{y}" fill="{ink}" xml:space="preserve" textLength="{wide}" '
                       f'lengthAdjust="spacingAndGlyphs"{bold}>{html.escape(text)}</text>')
    yield "</svg>"


print("\n".join(draw(sys.stdin.read().rstrip("\n").split("\n"))))
