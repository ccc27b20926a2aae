"""MapReduce jobs over collections of medical images, one runnable job a module."""
