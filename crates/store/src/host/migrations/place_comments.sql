-- Gives the comment links of a version that knew only nodes their items; those have '' for an item. Ends the seventh migration,
-- and is run on what comes from a replica, where both forms may stand side by side.
--
-- Where a cluster has one item on a node, that is the item. Where it has several, nothing is deleted and nothing is written
-- twice, whichever it is:
--  * A mirror gets a link on each of them. On those where it is not, it counts as deleted by hand from the first look on;
--    on the one where it is, it is followed as before.
--  * An original is on the item whose last common state shows it. When none does, its direct mirrors stay as they are for
--    good (fixed): no look at the wrong item can be taken for its deletion.
--  * The original's node gets a link as of a mirror deleted by hand on each other item, so that the comments of that time do
--    not all of a sudden cross to where they never were.

-- The items of each cluster; where it has none on a node any more, those that its twins remember.
CREATE TEMP TABLE places (
    root TEXT NOT NULL, node TEXT NOT NULL, item TEXT NOT NULL,
    PRIMARY KEY (root, node, item)
) WITHOUT ROWID;
INSERT INTO places
    SELECT root, node, id FROM items WHERE root IN (SELECT root FROM comment_links WHERE item = '');
INSERT INTO places
    SELECT t.root, t.left_node, t.left_id FROM twins t
    WHERE t.left_id IS NOT NULL AND t.root IN (SELECT root FROM comment_links WHERE item = '')
        AND NOT EXISTS (SELECT 1 FROM items i WHERE i.root = t.root AND i.node = t.left_node)
    UNION
    SELECT t.root, t.right_node, t.right_id FROM twins t
    WHERE t.right_id IS NOT NULL AND t.root IN (SELECT root FROM comment_links WHERE item = '')
        AND NOT EXISTS (SELECT 1 FROM items i WHERE i.root = t.root AND i.node = t.right_node);
CREATE TEMP TABLE crowded AS SELECT root, node FROM places GROUP BY root, node HAVING count(*) > 1;

-- The comments that the last common states show on the items of crowded nodes.
CREATE TEMP TABLE shown AS
    SELECT DISTINCT p.root, p.node, p.item, c.value ->> '$.id' AS comment
    FROM crowded w
    JOIN places p ON p.root = w.root AND p.node = w.node
    JOIN twins t ON t.root = w.root
    JOIN bases b ON b.link = t.link
    JOIN observations o ON o.digest = b.observation
        AND o.item ->> '$.reference.item.node' = p.node AND o.item ->> '$.reference.item.id' = p.item
    JOIN json_each(o.item, '$.comments') c;

UPDATE comment_links AS l SET
    origin_item = coalesce(
        (SELECT s.item FROM shown s WHERE s.root = l.root AND s.node = l.origin_node AND s.comment = l.origin),
        (SELECT min(p.item) FROM places p WHERE p.root = l.root AND p.node = l.origin_node),
        ''),
    state = CASE
        WHEN l.parent = l.origin_node AND l.state IN ('live', 'recreating')
            AND EXISTS (SELECT 1 FROM crowded w WHERE w.root = l.root AND w.node = l.origin_node)
            AND NOT EXISTS
                (SELECT 1 FROM shown s WHERE s.root = l.root AND s.node = l.origin_node AND s.comment = l.origin)
        THEN 'fixed' ELSE l.state END
    WHERE l.item = '';
-- The mirror on the parent's node that a further one came from is where it is shown.
UPDATE comment_links AS l SET
    parent_item = CASE WHEN l.parent = l.origin_node THEN l.origin_item ELSE coalesce(
        (SELECT s.item FROM comment_links u JOIN shown s
            ON s.root = u.root AND s.node = u.node AND s.comment = u.comment
            WHERE u.root = l.root AND u.origin_node = l.origin_node AND u.origin = l.origin AND u.node = l.parent),
        (SELECT min(p.item) FROM places p WHERE p.root = l.root AND p.node = l.parent),
        '') END
    WHERE l.item = '';
INSERT OR IGNORE INTO comment_links (root, origin_node, origin_item, origin, node, item, comment, parent, parent_item,
        revision, state, grp, epoch, rev)
    SELECT l.root, l.origin_node, l.origin_item, l.origin, l.node, p.item, l.comment, l.parent, l.parent_item,
        l.revision, l.state, l.grp, l.epoch, l.rev
    FROM comment_links l JOIN places p ON p.root = l.root AND p.node = l.node
    WHERE l.item = '';
INSERT OR IGNORE INTO comment_links (root, origin_node, origin_item, origin, node, item, comment, parent, parent_item,
        revision, state, grp, epoch, rev)
    SELECT l.root, l.origin_node, l.origin_item, l.origin, l.origin_node, p.item, '', l.origin_node, l.origin_item,
        l.revision, 'hand_deleted', l.grp, l.epoch, l.rev
    FROM comment_links l JOIN places p ON p.root = l.root AND p.node = l.origin_node AND p.item <> l.origin_item
    WHERE l.item = '';
DELETE FROM comment_links WHERE item = '';

-- The links that an intended write leaves behind: on the item that it writes to, from the twin's other item.
UPDATE effects AS e SET planned = json_set(e.planned, '$.comment.links', json((
    SELECT json_group_array(json_object(
        'root', v ->> '$.root',
        'origin', json_object(
            'item', json_object('node', v ->> '$.origin.node', 'id', coalesce(
                CASE WHEN v ->> '$.origin.node' = v ->> '$.parent' THEN other END,
                (SELECT min(i.id) FROM items i WHERE i.root = v ->> '$.root' AND i.node = v ->> '$.origin.node'),
                '')),
            'comment', v ->> '$.origin.comment'),
        'item', json_object('node', e.node, 'id', coalesce(e.item, '')),
        'comment', v ->> '$.comment',
        'parent', json_object('node', v ->> '$.parent', 'id', coalesce(other, '')),
        'revision', v ->> '$.revision',
        'state', v ->> '$.state'))
    FROM (SELECT l.value AS v,
            (SELECT CASE e.planned ->> '$.side' WHEN 'left' THEN t.right_id ELSE t.left_id END
                FROM twins t WHERE t.link = e.link) AS other
        FROM json_each(e.planned, '$.comment.links') l))))
    WHERE e.planned ->> '$.comment.links[0].node' IS NOT NULL;

DROP TABLE temp.places;
DROP TABLE temp.crowded;
DROP TABLE temp.shown;
