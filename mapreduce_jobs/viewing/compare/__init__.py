"""Images beside each other: pages, contact sheets, figures."""
