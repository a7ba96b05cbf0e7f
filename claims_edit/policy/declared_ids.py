"""The ids that a rule pack defines, for the checks of references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.policy.pack import (
    CodesFile,
    EvidenceFile,
    GuidanceFile,
    Home,
    PayersFile,
    Policy,
    ProcedureCode,
    ProgramsFile,
    RemittanceFile,
    TumorSitesFile,
)
from claims_edit.policy.payers import payer_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.parse import Parsed
    from claims_edit.rule_files.values import Strict


@dataclass(frozen=True)
class DeclaredIds:
    """The defined ids, by kind; None where a file that may define more could not be parsed."""

    payers: frozenset[str] | None
    programs: frozenset[str] | None
    sites: frozenset[str] | None
    services: frozenset[str] | None
    documents: frozenset[str] | None
    codes: dict[str, tuple[str, ProcedureCode]] | None
    """Code → its service and itself."""

    @classmethod
    def of(cls, parsed: Parsed) -> DeclaredIds:
        """Collect the defined ids."""
        code_files = parsed.of(CodesFile).values()
        homes: list[Home] = [
            *parsed.of(Policy).values(), *parsed.of(GuidanceFile).values(), *parsed.of(EvidenceFile).values(),
            *parsed.of(RemittanceFile).values(), *code_files,
        ]  # fmt: skip
        whole = parsed.broken.isdisjoint
        programs = [key for file in parsed.of(ProgramsFile).values() for key in file.programs]
        sites = [key for file in parsed.of(TumorSitesFile).values() for key in file.site_classes]
        return cls(
            payers=_set_if([entry.key for entry in payer_entries(parsed)], whole={PayersFile, Policy}, parsed=parsed),
            programs=_set_if(programs, whole={ProgramsFile}, parsed=parsed),
            sites=_set_if(sites, whole={TumorSitesFile}, parsed=parsed),
            services=_set_if([file.service for file in code_files], whole={CodesFile}, parsed=parsed),
            documents=_set_if(
                [document.id for home in homes for document in home.documents],
                whole={Policy, GuidanceFile, EvidenceFile, RemittanceFile, CodesFile},
                parsed=parsed,
            ),
            codes={code.code: (file.service, code) for file in code_files for code in file.every_code}
            if whole({CodesFile})
            else None,
        )

    def service_faults(self, place: str, service: str) -> Iterator[str]:
        """A fault if no file in codes/ defines the service."""
        if self.services is not None and service not in self.services:
            yield f"{place}: `{service}` is not a service of any file in codes/. Correct it, or add its codes."

    def site_faults(self, place: str, site: str) -> Iterator[str]:
        """A fault if tumor_sites.yaml does not have the site class."""
        if self.sites is not None and site not in self.sites:
            yield f"{place}: `{site}` is not in tumor_sites.yaml. Use one of {', '.join(sorted(self.sites))}."

    def program_faults(self, place: str, program: str) -> Iterator[str]:
        """A fault if programs.yaml does not have the program."""
        if self.programs is not None and program not in self.programs:
            yield f"{place}: `{program}` is not in programs.yaml. Use one of {', '.join(sorted(self.programs))}."

    def payer_faults(self, place: str, payer: str) -> Iterator[str]:
        """A fault if neither payers.yaml nor a policy has the payer's entry."""
        if self.payers is not None and payer not in self.payers:
            yield (
                f"{place}: `{payer}` is not in payers.yaml. Correct it, add the payer there, or give its `payer_entry`."
            )


def _set_if(ids: list[str], *, whole: set[type[Strict]], parsed: Parsed) -> frozenset[str] | None:
    return frozenset(ids) if parsed.broken.isdisjoint(whole) else None
