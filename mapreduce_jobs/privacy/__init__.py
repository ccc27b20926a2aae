"""De-identification of images: their headers, their pixels, their names; knows no storage."""
