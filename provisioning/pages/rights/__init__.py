"""The pages of rights and removals."""
