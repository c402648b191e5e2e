"""Files that go with messages: uploaded, examined, taken along, fetched, taken away."""
