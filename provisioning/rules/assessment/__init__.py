"""Does an ordered access work, why not, and what must change?"""
