"""A discrete-event simulation of routing: made-up deliveries, real handling times, the product's own policy.

Time is counted in business hours: a day has twelve, and nights are left out.
"""
