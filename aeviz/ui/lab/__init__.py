"""The Lab's page: predict, run, compare, judge."""
