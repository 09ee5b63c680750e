"""How any technique meets a sampler: watching a run, its conditionings, its text, its batch."""
