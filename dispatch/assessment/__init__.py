"""The closure assessment (办结评估): how well a unit handled one order, 0 to 100, explained."""
