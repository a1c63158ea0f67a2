"""The measured and the simulated curve, as an SVG."""

from __future__ import annotations

import math

from benchmarks.activemq.experiments import Curve

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 56, 16, 36, 44


def svg(curve: Curve, title: str) -> str:
    """Both curves over time: the measured one as dots, the simulated one as a line."""
    last_s = max(curve.real[-1][0], curve.simulated[-1][0])
    most = max(level for _, level in (*curve.real, *curve.simulated))
    step = 10 ** math.floor(math.log10(max(most, 1)))
    top = math.ceil(most / step) * step

    def x(at_s: float) -> float:
        return LEFT + at_s / last_s * (WIDTH - LEFT - RIGHT)

    def y(level: float) -> float:
        return HEIGHT - BOTTOM - level / top * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="{title}">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{LEFT}" y="20" font-size="14">{title}</text>']
    for tick in range(5):
        level = top * tick / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}" stroke="#ddd"/><text x="{LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end">{level:,.0f}</text>')
    for at_s in range(0, int(last_s) + 1, 5):
        parts.append(f'<text x="{x(at_s):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at_s} s</text>')
    line = " ".join(f"{x(at_s):.1f},{y(level):.1f}" for at_s, level in curve.simulated)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f6feb" stroke-width="2"/>')
    parts.extend(f'<circle cx="{x(at_s):.1f}" cy="{y(level):.1f}" r="2.5" fill="#c2410c"/>' for at_s, level in curve.real)
    parts.append(f'<circle cx="{WIDTH - 240}" cy="16" r="2.5" fill="#c2410c"/><text x="{WIDTH - 232}" y="20">ActiveMQ, measured</text>')
    parts.append(f'<line x1="{WIDTH - 110}" x2="{WIDTH - 90}" y1="16" y2="16" stroke="#1f6feb" stroke-width="2"/><text x="{WIDTH - 84}" y="20">simulated</text></svg>')
    return "\n".join(parts) + "\n"
