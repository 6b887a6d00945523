"""Exercises: what a learner is asked to bring about, and how it is seen that it was."""
