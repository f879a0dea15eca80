"""Days and moments: validity, deadlines, how late HSA may be, how long things are kept."""
