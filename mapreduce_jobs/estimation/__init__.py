"""Pure functions on numbers: sums that merge exactly, and what is known from them."""
