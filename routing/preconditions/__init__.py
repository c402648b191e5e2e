"""The named checks that a rule row may list: what neither a schema nor a transition table can say."""
