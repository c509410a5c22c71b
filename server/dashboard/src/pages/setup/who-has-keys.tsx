import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client';

/** Viewers see no keys: who can help. */
export function WhoHasKeys({ project }: { project: number }) {
  const { data } = useQuery({
    queryKey: ['p', project, 'members'],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/projects/{project}/members', { params: { path: { project } }, signal })),
  });
  const able = (data?.items ?? [])
    .filter(({ role }) => role !== 'viewer')
    .map(({ name, email }) => `${name} (${email})`);
  return (
    <p>
      You are a viewer here, and viewers see no keys. The DSN, which stands as KEY@HOST/PROJECT below, you get from{' '}
      {able.length > 0 ? `${able.join(', ')}, or an admin of the server` : 'an admin of the server'}.
    </p>
  );
}
