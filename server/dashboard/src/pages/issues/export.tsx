import { Menu, MenuItem } from '../../ui/controls';
import { say } from '../../ui/notices';
import { toQuery, type Which } from './which';

/** All that the filters let through, as a file: the browser writes it as it comes, and shows how far it is. */
export function Export({ project, which }: { project: number; which: Which }) {
  const { sort: _, ...query } = toQuery(which);
  const search = new URLSearchParams(query);
  // The router puts the path of the server before it.
  const link = (kind: string) => `/api/v1/projects/${project}/issues.${kind}${search.size > 0 ? `?${search}` : ''}`;
  // What is long is long there: the page can be left meanwhile.
  const begin = () => say('The export has begun: your browser shows how far it is.');
  return (
    <Menu label="Export">
      <MenuItem href={link('csv')} isDownload onAction={begin}>
        Table (CSV)
      </MenuItem>
      <MenuItem href={link('jsonl')} isDownload onAction={begin}>
        JSON lines
      </MenuItem>
    </Menu>
  );
}
