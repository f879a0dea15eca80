"""The operators' page: does everything run?"""
