"""Every operation that a pipeline knows, by its name."""

from mapreduce_jobs.imaging.operations.equalisation import clahe, equalise
from mapreduce_jobs.imaging.operations.extent import crop, pad
from mapreduce_jobs.imaging.operations.filters import bilateral, convolve, gaussian, mean, median
from mapreduce_jobs.imaging.operations.frequency import (
    bandpass,
    frequency_convolve,
    highpass,
    lowpass,
    spectrum,
)
from mapreduce_jobs.imaging.operations.geometry import flip, rotate, scale, translate
from mapreduce_jobs.imaging.operations.gradients import canny, gradient, laplacian, sobel
from mapreduce_jobs.imaging.operations.intensity import adjust, invert, normalise, window
from mapreduce_jobs.imaging.operations.morphology import (
    blackhat,
    closing,
    dilate,
    erode,
    morphological_gradient,
    opening,
    tophat,
)
from mapreduce_jobs.imaging.operations.restoration import denoise, sharpen
from mapreduce_jobs.imaging.operations.segmentation import classify, components, kmeans, threshold
from mapreduce_jobs.imaging.pipelines.operation import Operation

__all__ = ["OPERATIONS"]

_FAMILIES = {
    "Geometry": (scale, rotate, translate, flip, crop, pad),
    "Filters": (convolve, mean, gaussian, median, bilateral),
    "Edges": (laplacian, sobel, gradient, canny),
    "Frequency domain": (lowpass, highpass, bandpass, frequency_convolve, spectrum),
    "Segmentation": (threshold, classify, kmeans, components),
    "Morphology": (
        erode,
        dilate,
        opening,
        closing,
        tophat,
        blackhat,
        morphological_gradient,
    ),
    "Intensity": (adjust, normalise, window, invert, equalise, clahe),
    "Sharpening and denoising": (sharpen, denoise),
}

OPERATIONS = {
    operation.name: operation
    for family, functions in _FAMILIES.items()
    for operation in (Operation.of(function, family) for function in functions)
}
"""In the order in which they are listed."""
