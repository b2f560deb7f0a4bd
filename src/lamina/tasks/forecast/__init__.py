"""Forecasting as a task: what comes next is learned from what came before."""
