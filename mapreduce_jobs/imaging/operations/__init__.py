"""Operations on images: a family a module."""
