import { useSuspenseQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { me } from './queries';
import type { Project, Role } from './schema';

const RANK: Record<Role, number> = { viewer: 0, member: 1, admin: 2 };

/** Who is here. Only below the shell, which has asked. */
export function useMe() {
  return useSuspenseQuery(me).data;
}

/** The project that the address names; none if there is none, or not for who is here. */
export function useProject(): { project: Project; role: Role } | undefined {
  const { project } = useParams();
  return useMe().projects.find((seen) => String(seen.project.id) === project);
}

/** Whether who is here may do what takes a role in a project. The server decides; this hides what it would refuse. */
export function useMay(project: number, needed: Role): boolean {
  const seen = useMe().projects.find((one) => one.project.id === project);
  return seen !== undefined && RANK[seen.role] >= RANK[needed];
}
