"""The signing groups that answer for units, and the projects that have cases, for whoever looks for the cases of one."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from shared.service.database import Transaction

_LIST = text("""
    select group_id, groups.name, projects.name as project_name from groups left join projects using (project_id)
    where exists (select from assignments where assignments.group_id = groups.group_id)
    order by projects.name, groups.name, group_id limit 200
""")


_PROJECTS = text("select project_id, name from projects order by name, project_id limit 200")


class GroupRow(BaseModel):
    group_id: UUID
    name: str
    project_name: str | None


def read(tx: Transaction) -> list[GroupRow]:
    return [GroupRow.model_validate(row, from_attributes=True) for row in tx.connection.execute(_LIST)]


class ProjectName(BaseModel):
    project_id: UUID
    name: str


def projects(tx: Transaction) -> list[ProjectName]:
    return [ProjectName.model_validate(row, from_attributes=True) for row in tx.connection.execute(_PROJECTS)]
