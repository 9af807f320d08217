"""Several epochs or trainings as one: their predictions or their weights, and what their spread is worth."""
