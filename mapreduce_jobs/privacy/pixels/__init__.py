"""Text that is burned into pixels: found by rules or a detector, and blanked."""
