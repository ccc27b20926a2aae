"""Results of jobs as one page."""
