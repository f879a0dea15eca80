"""The flow as people see it: the picture on a case, and the page that tells how it goes."""
