// Command resend reads a stored object from its standard input, and prints the Workflow that Argo makes of it: of a
// Workflow what `argo resubmit` creates, of a WorkflowTemplate or CronWorkflow what `argo submit --from` creates.
//
// Argo's own command does not build from its module, as the files of its user interface are not part of that.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/util"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	workflow, err := resent(text)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(workflow); err != nil {
		log.Fatal(err)
	}
}

func resent(text []byte) (*wfv1.Workflow, error) {
	var of metav1.PartialObjectMetadata
	if err := json.Unmarshal(text, &of); err != nil {
		return nil, err
	}
	switch of.Kind {
	case "Workflow":
		var stored wfv1.Workflow
		if err := json.Unmarshal(text, &stored); err != nil {
			return nil, err
		}
		return util.FormulateResubmitWorkflow(logging.InitLoggerInContext(), &stored, false, nil)
	case "WorkflowTemplate", "ClusterWorkflowTemplate":
		return common.NewWorkflowFromWorkflowTemplate(of.Name, of.Kind == "ClusterWorkflowTemplate"), nil
	case "CronWorkflow":
		var stored wfv1.CronWorkflow
		if err := json.Unmarshal(text, &stored); err != nil {
			return nil, err
		}
		return common.ConvertCronWorkflowToWorkflow(&stored), nil
	}
	return nil, fmt.Errorf("argo sends no %s again", of.Kind)
}
