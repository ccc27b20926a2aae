"""Registration of images onto each other, and their fusion."""
