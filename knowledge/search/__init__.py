"""Finding the entry a villager means: normalising, concepts, sound-alikes, ranking, scope."""
