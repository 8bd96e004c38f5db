"""Delivery's part of the customers' API: releases, their files, samples and decisions."""
