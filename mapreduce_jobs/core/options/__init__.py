"""Options of jobs, and what they name."""
