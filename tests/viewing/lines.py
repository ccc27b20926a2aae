"""Lines of results, as jobs write them, with numbers to compute with by hand."""

import json


def line(key, value):
    return f"{json.dumps(key)}\t{json.dumps(value)}\n"


def histogram(counts, start=0, unit="stored", images=1, **more):
    channels = counts if isinstance(counts, dict) else {"grey": counts}
    count = len(next(iter(channels.values())))
    return {
        "images": images,
        "pixels": sum(next(iter(channels.values()))),
        **more,
        **({} if unit == "stored" else {"unit": unit}),
        "bins": {"start": start, "stop": start + count, "count": count},
        "counts": channels,
    }


def edges(density, pixels=1000, gradient=1.5, images=1):
    return {
        "images": images,
        "pixels": pixels,
        "edge_pixels": round(density * pixels),
        "density": density,
        "mean_gradient": gradient,
        "detector": "gradient",
        "threshold": 100.0,
    }
