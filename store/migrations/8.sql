-- Version 8. How many of the conversions followed a view without a click. What was
-- known before tells nothing of it: has holds no such field there. A column with a
-- default leaves the rows as they are.
ALTER TABLE hour ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hour_past ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE day ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE day_past ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE part_sum ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE part_sum_past ADD COLUMN view_through INTEGER NOT NULL DEFAULT 0;
-- Whose conversions (8) count, of that the part after views (32) does.
UPDATE part SET fields = fields | 32 WHERE fields & 8;
