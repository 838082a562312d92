-- What an item's change led to on others is found by the item, without reading through the others' histories.
CREATE INDEX history_by_source ON history (entry ->> '$.source.node', entry ->> '$.source.id', seq)
    WHERE entry ->> '$.source.node' IS NOT NULL;
