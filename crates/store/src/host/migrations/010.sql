-- What is left to do for a mark that the memory has no room for: for which connections an item is still to be looked at.
-- NULL: for all.
ALTER TABLE dirty ADD COLUMN left_to TEXT;
