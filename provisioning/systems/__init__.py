"""Other systems that use the API: let in and shut out, and the tokens they call with."""
